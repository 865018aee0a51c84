// Package docker runs the containers of docker-compose.yml for the programs matrix and faults. peers.tsv lists the
// Erlang/OTP and Elixir nodes among them. tools/images builds or fetches the images.
package docker
