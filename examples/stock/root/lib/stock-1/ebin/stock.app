{application, stock,
 [{description, "A stock, version 1"},
  {vsn, "1"},
  {modules, [stock]},
  {registered, [stock]},
  {applications, [kernel, stdlib]}]}.
