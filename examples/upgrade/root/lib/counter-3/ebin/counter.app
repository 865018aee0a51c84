{application, counter,
 [{description, "A counter, version 3"},
  {vsn, "3"},
  {modules, [counter]},
  {registered, [counter]},
  {applications, [kernel, stdlib]}]}.
