extension Duration {
  /// Whole nanoseconds; like all of these rounded towards zero, and the most or least there is where they do not fit.
  package var nanoseconds: Int64 { whole(1_000_000_000) }

  /// Whole microseconds.
  package var wholeMicroseconds: Int { Int(whole(1_000_000)) }

  /// Whole milliseconds.
  package var wholeMilliseconds: Int { Int(whole(1_000)) }

  private func whole(_ perSecond: Int64) -> Int64 {
    let (seconds, attoseconds) = components
    let (product, isOver) = seconds.multipliedReportingOverflow(by: perSecond)
    let (sum, isSumOver) = product.addingReportingOverflow(attoseconds / (1_000_000_000_000_000_000 / perSecond))
    return isOver || isSumOver ? (seconds < 0 ? .min : .max) : sum
  }
}
