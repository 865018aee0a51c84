{application, depo,
 [{description, "SQLite databases"},
  {vsn, "1"},
  {modules, ['Elixir.Depo.DB', depo_sup, 'Elixir.Depo.Supervisor']},
  {registered, ['Elixir.Depo.DB', depo_sup, 'Elixir.Depo.Supervisor']},
  {applications, [kernel, stdlib]}]}.
