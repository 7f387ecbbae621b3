# Makes ../edge/haproxy.cfg that of a cluster: sed -f cluster.sed ../edge/haproxy.cfg >haproxy.cfg
# Every other line stays as it is.

# Logs go to the pod's output; the image runs as its own user already.
s|^  log /dev/log local0$|  log stdout format raw local0|
/^  user haproxy$/d
/^  group haproxy$/d
# A port that needs no rights.
s|^  bind :443 |  bind :8443 |
# The pods' names, whose addresses change when a pod is replaced, are asked for again. A name that is gone keeps its address
# until the checks say that the server is down.
/^frontend webex$/i\
resolvers cluster\
  parse-resolv-conf\
  hold valid 1s\
  hold obsolete 30s\

s|^  server patchbay-1 10.0.0.11:50051$|  server patchbay-1 patchbay-0.patchbay:50051 resolvers cluster resolve-prefer ipv4 init-addr none|
# A line for each pod that there may be: a name that is not there is a server that is down.
s|^  server patchbay-2 10.0.0.12:50051$|  server patchbay-2 patchbay-1.patchbay:50051 resolvers cluster resolve-prefer ipv4 init-addr none\
  server patchbay-3 patchbay-2.patchbay:50051 resolvers cluster resolve-prefer ipv4 init-addr none\
  server patchbay-4 patchbay-3.patchbay:50051 resolvers cluster resolve-prefer ipv4 init-addr none\
  server patchbay-5 patchbay-4.patchbay:50051 resolvers cluster resolve-prefer ipv4 init-addr none\
  server patchbay-6 patchbay-5.patchbay:50051 resolvers cluster resolve-prefer ipv4 init-addr none|
