{application, t__,
 [{description, "Translations"},
  {vsn, "1"},
  {modules, [t__srv, t__sup]},
  {registered, [t__sup, t__srv]},
  {applications, [kernel, stdlib]}]}.
