import Basics
import GatewayConfiguration
import Logging
import ServiceLifecycle
import UnixSignals
import WebexProtocol

extension RunningServer {
  /// SIGHUP reads the configuration again; SIGTERM and SIGINT drain, and a second one of them ends the drain.
  func heed(_ signals: UnixSignalsSequence, ending group: ServiceGroup) async {
    for await signal in signals {
      switch (signal, state.isDraining) {
      case (.sighup, true): break
      case (.sighup, false):
        guard let reloader else {
          log.notice("SIGHUP: the embedded demo has no file to read again")
          continue
        }
        reloader.reload("SIGHUP")
      case (_, false):
        state.isDraining = true
        await group.triggerGracefulShutdown()
      case (_, true) where process != nil: break
      case (_, true): await hurry()
      }
    }
  }

  /// What the supervisor says, where there is one: it speaks for the operator.
  func heedSupervisor(ending group: ServiceGroup) async {
    guard let process else { return }
    for await order in process.orders {
      switch order {
      case .reload: if !state.isDraining { reloader?.reload("SIGHUP") }
      case .hurry: await hurry()
      case .drain:
        guard !state.isDraining else { continue }
        state.isDraining = true
        await group.triggerGracefulShutdown()
      }
    }
  }

  /// As at the first SIGTERM.
  func drainWhenAsked(_ group: ServiceGroup) async {
    guard await isAskedToDrain.first({ $0 ? true : nil }) != nil, !state.isDraining else { return }
    state.isDraining = true
    await group.triggerGracefulShutdown()
  }

  /// How long a status waits at most while the server ends.
  private static let lastStatusHold = Duration.milliseconds(500)
  /// What closing the ports, recordings and registrations takes at most, after the calls.
  private static let lastSteps = Duration.seconds(15)

  /// Balancers are given time to notice, then live calls run to their end, as long as the configuration gives them; a
  /// second request cuts that short.
  func end() async {
    state.isDraining = true
    state.publish(to: health)
    let shutdown = (reloader?.configuration ?? configuration).shutdown
    let limit = shutdown.drain
    notifier.tell(
      .stopping(
        within: shutdown.notice + limit + shutdown.grace + ConversationStateMachine.longestHandOver + Self.lastSteps,
        status: "draining; conversations that are live: \(gateway.liveConversations)"))
    if shutdown.notice > .zero {
      log.notice(
        "not ready any more; new calls are taken on for a while",
        metadata: ["seconds": "\(shutdown.notice.components.seconds)"])
      _ = await isHurried.first(within: shutdown.notice) { $0 ? true : nil }
    }
    // Who is cut short at the end has the last message by then, and most have half-closed.
    server.statusHold = min(server.statusHold, Self.lastStatusHold)
    log.notice(
      "draining: no new conversations",
      metadata: ["live": "\(gateway.liveConversations)", "limit_s": "\(limit.components.seconds)"])
    // A socket comes back to no conversation.
    sockets?.stopAccepting()
    async let calls: Void = gateway.drain(limit: limit, grace: shutdown.grace)
    await media.drain(limit: limit)
    await calls
    await process?.waitForOthers(
      within: limit + shutdown.grace + ConversationStateMachine.longestHandOver,
      unless: { [isHurried] in isHurried.withLock { $0 } })
    health.finish()
    if let sockets {
      await gateway.waitForSockets(within: server.statusHold + .seconds(2))
      sockets.stop()
    }
    await server.shutdown(grace: server.statusHold + .seconds(2))
    await cluster?.stop()
    await process?.stop()
    admin.stop()
    await loops.shutdown()
    await recordings?.finish()
    log.notice("ended")
  }

  /// Ends the drain now.
  private func hurry() async {
    log.warning("asked again: ending now")
    isHurried.change { $0 = true }
    async let calls: Void = gateway.drain(limit: .zero, grace: nil)
    await media.drain(limit: .zero)
    await calls
  }
}
