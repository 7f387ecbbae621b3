#ifndef PATCHBAY_CMICROHTTPD_H
#define PATCHBAY_CMICROHTTPD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <microhttpd.h>

// `MHD_start_daemon`, `MHD_get_daemon_info` and `MHD_get_connection_info` are variadic, which Swift cannot call.

// One thread with `poll`, or one for each connection: `select` cannot watch descriptors above 1,023, which a process
// with many calls has. The logger comes first, so that it is told of what is wrong with the others. `context` goes to
// all four functions; `port` is that of the address, for messages.
static inline struct MHD_Daemon *patchbay_http_start(
    const struct sockaddr *address, uint16_t port, bool threads, size_t memory, unsigned connections, unsigned seconds,
    MHD_AccessHandlerCallback answer, MHD_RequestCompletedCallback completed, MHD_NotifyConnectionCallback notify,
    MHD_LogCallback log, void *context) {
  unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG;
  if (threads) flags |= MHD_USE_THREAD_PER_CONNECTION;
  if (address->sa_family == AF_INET6) flags |= MHD_USE_DUAL_STACK;
  return MHD_start_daemon(
      flags, port, NULL, NULL, answer, context,
      MHD_OPTION_EXTERNAL_LOGGER, log, context,
      MHD_OPTION_SOCK_ADDR, address,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
      MHD_OPTION_CONNECTION_LIMIT, connections,
      MHD_OPTION_CONNECTION_TIMEOUT, seconds,
      MHD_OPTION_NOTIFY_COMPLETED, completed, context,
      MHD_OPTION_NOTIFY_CONNECTION, notify, context,
      MHD_OPTION_STRICT_FOR_CLIENT, 1,
      MHD_OPTION_END);
}

// 0 where it is not known.
static inline uint16_t patchbay_http_port(struct MHD_Daemon *daemon) {
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
  return info == NULL ? 0 : info->port;
}

// -1 where it is not known.
static inline int patchbay_http_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == NULL ? -1 : info->connect_fd;
}

#endif
