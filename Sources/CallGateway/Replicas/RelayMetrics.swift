import Metrics

/// What operators see of RPCs between replicas.
struct RelayMetrics: Sendable {
  /// RPCs that were handed on to their conversations' owners, and those that came from other replicas.
  let sent = Counter(label: "patchbay_relayed_rpcs_total", dimensions: [("direction", "out")])
  let received = Counter(label: "patchbay_relayed_rpcs_total", dimensions: [("direction", "in")])
  /// RPCs that had begun a conversation without the store's word, and went to its owner.
  let handedOver = Counter(label: "patchbay_rpcs_handed_over_total")
  /// From an RPC's first message to the owner's word that it accepts the RPC.
  let acceptance = Timer(label: "patchbay_relay_acceptance_seconds")

  /// An RPC was not accepted, or was lost later.
  func failed(_ why: String) {
    Counter(label: "patchbay_relay_failures_total", dimensions: [("reason", why)]).increment()
  }

  /// Another replica's RPC was not accepted.
  func refused(_ why: String) {
    Counter(label: "patchbay_relays_refused_total", dimensions: [("reason", why)]).increment()
  }
}
