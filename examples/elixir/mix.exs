defmodule GoWatch.MixProject do
  use Mix.Project

  def project do
    [app: :go_watch, version: "0.1.0", elixir: "~> 1.13", start_permanent: Mix.env() == :prod, deps: []]
  end

  def application do
    [extra_applications: [:logger], mod: {GoWatch.Application, []}]
  end
end
