// Package application runs OTP applications on a node: the table of loaded applications and their configuration, the
// process application_controller, an application master for each application that runs, and the functions of the
// module application that other nodes call.
//
// A node makes one System and offers its Applications to the program. What the package needs of the node is the
// interface Host.
package application
