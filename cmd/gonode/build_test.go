package main

func removeBinary() {}
