{application, stock,
 [{description, "A stock, version 2"},
  {vsn, "2"},
  {modules, [stock]},
  {registered, [stock]},
  {applications, [kernel, stdlib]}]}.
