{application, depo,
 [{description, "SQLite databases"},
  {vsn, "2"},
  {modules, ['Elixir.Depo.DB', depo_sup, 'Elixir.Depo.Supervisor']},
  {registered, ['Elixir.Depo.DB', depo_sup, 'Elixir.Depo.Supervisor']},
  {applications, [kernel, stdlib]}]}.
