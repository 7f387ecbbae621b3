/// A value that one thread at a time may touch, and that tasks may wait for: to hold something, or to be free to take it.
///
/// For a buffer between a thread that fills it and a task that empties it. `Locked` says what holds for the closures.
public final class Awaited<Value: Sendable>: Sendable {
  @usableFromInline struct Content: Sendable {
    @usableFromInline var value: Value
    /// How often the value was changed: a change between a look and the wait for another is not missed.
    @usableFromInline var changes: UInt64 = 0
    @usableFromInline var waiting: [CheckedContinuation<Void, Never>] = []

    @usableFromInline init(value: Value) { self.value = value }
  }

  // Everything here is inlinable: a value is changed for each frame of audio.
  @usableFromInline let content: Locked<Content>

  /// A value that nobody waits for.
  @inlinable public init(_ value: Value) { content = Locked(Content(value: value)) }

  /// Runs `body` with the value. Wakes nobody: for what nobody waits for.
  @inlinable public func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
    content.withLock { body(&$0.value) }
  }

  /// Runs `body` with the value and wakes all tasks that wait, to look again.
  @inlinable public func change<Result>(_ body: (inout Value) -> Result) -> Result {
    var waiting: [CheckedContinuation<Void, Never>] = []
    let result = content.withLock { content in
      content.changes &+= 1
      swap(&waiting, &content.waiting)
      return body(&content.value)
    }
    for task in waiting { task.resume() }
    return result
  }

  /// What `find` finds in the value, now or after the first change that lets it; `nil` once the task is cancelled.
  @inlinable public func first<Found>(
    isolation actor: isolated (any Actor)? = #isolation, _ find: (inout Value) -> Found?
  ) async -> Found? {
    while !Task.isCancelled {
      var changes: UInt64 = 0
      let found = content.withLock { content in
        changes = content.changes
        return find(&content.value)
      }
      if let found { return found }
      await change(after: changes, isolation: actor)
    }
    return nil
  }

  /// The same, given up after `limit`.
  public func first<Found: Sendable>(
    within limit: Duration, _ find: @escaping @Sendable (inout Value) -> Found?
  ) async -> Found? {
    if let found = withLock(find) { return found }
    return await withTaskGroup(of: Found?.self) { group in
      group.addTask { await self.first(find) }
      group.addTask {
        try? await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  /// Waits for a change or the task's cancellation. May return for neither.
  @usableFromInline func change(after changes: UInt64, isolation actor: isolated (any Actor)?) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation(isolation: actor) { continuation in
        // A task cancelled before this point has run its handler in vain; one cancelled after it finds itself here.
        let isWaiting = content.withLock { content in
          guard content.changes == changes, !Task.isCancelled else { return false }
          content.waiting.append(continuation)
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      change { _ in }
    }
  }
}
