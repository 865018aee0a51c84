{application, t__,
 [{description, "Translations"},
  {vsn, "2"},
  {modules, [t__srv, t__sup]},
  {registered, [t__sup, t__srv]},
  {applications, [kernel, stdlib]}]}.
