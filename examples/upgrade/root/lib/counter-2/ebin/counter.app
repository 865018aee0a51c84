{application, counter,
 [{description, "A counter, version 2"},
  {vsn, "2"},
  {modules, [counter]},
  {registered, [counter]},
  {applications, [kernel, stdlib]}]}.
