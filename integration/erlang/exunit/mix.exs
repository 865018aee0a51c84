defmodule Compat.MixProject do
  use Mix.Project

  # The reference and what starts nodes are those of the Common Test suites.
  def project do
    [app: :compat, version: "0.1.0", elixir: "~> 1.13", erlc_paths: ["../ct"], deps: []]
  end

  def application, do: [extra_applications: [:logger]]
end
