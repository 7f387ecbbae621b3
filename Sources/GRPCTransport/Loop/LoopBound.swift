/// A value that belongs to one loop, in a box that may travel.
///
/// `@unchecked Sendable`: the value is reached only through `value`, which traps on any other thread than the loop's,
/// so it never leaves the loop's thread whatever is done with the box.
public struct LoopBound<Value>: @unchecked Sendable {
  /// The loop that the value belongs to.
  public let loop: any LoopExecutor
  private let bound: Value

  /// Boxes a value on its loop.
  public init(_ value: Value, loop: any LoopExecutor) {
    loop.preconditionIsCurrent()
    self.loop = loop
    bound = value
  }

  /// The value; on the loop only.
  public var value: Value {
    loop.preconditionIsCurrent()
    return bound
  }

  /// Hands the value to a closure on its loop. From any thread.
  public func execute(_ work: @escaping @Sendable (Value) -> Void) {
    loop.execute { work(self.value) }
  }
}
