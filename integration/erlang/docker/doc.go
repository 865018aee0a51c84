// Package docker runs the containers of docker-compose.yml, for the programs matrix and faults. peers.tsv is the list
// of the Erlang/OTP and Elixir nodes among them; the images are made or fetched by tools/images.
package docker
