import RedisClient

/// What servers keep in Redis, and the steps by which they do. Each names one key.
enum SharingScripts {
  /// A hash: a server's id, and the time on Redis's clock in milliseconds, a space and its report.
  static let replicas = "patchbay:replicas"
  /// A sorted set: an organization, a space and a nonce, by the time at which it was revoked.
  static let revocations = "patchbay:revocations"

  /// Milliseconds after which a server that says nothing is forgotten.
  private static let memory = 60_000
  /// Servers that are read.
  static let maximumReplicas = 256

  /// Says what a server tells (its id, its report), and returns Redis's time in milliseconds and all that the others
  /// told.
  static let tell = RedisScript(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
    redis.call('PEXPIRE', KEYS[1], \(memory))
    local all = redis.call('HGETALL', KEYS[1])
    local told = {now}
    for i = 1, #all, 2 do
      if all[i] ~= ARGV[1] then
        local at = tonumber(string.match(all[i + 1], '^(%d+) '))
        if not at or math.abs(now - at) > \(memory) then
          redis.call('HDEL', KEYS[1], all[i])
        elseif #told < \(2 * maximumReplicas) then
          told[#told + 1] = all[i]
          told[#told + 1] = all[i + 1]
        end
      end
    end
    return told
    """)

  /// Reads what servers told, and tells nothing.
  static let look = RedisScript(
    """
    local time = redis.call('TIME')
    local told = {time[1] * 1000 + math.floor(time[2] / 1000)}
    local all = redis.call('HGETALL', KEYS[1])
    for i = 1, math.min(#all, \(2 * maximumReplicas)) do told[#told + 1] = all[i] end
    return told
    """)

  /// Adds revocations by Redis's clock, and forgets those that are over 30 days old. Returns how many there are; -1
  /// where there is no room.
  static let revoke = RedisScript(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 2592000000)
    if redis.call('ZCARD', KEYS[1]) + #ARGV > \(RevocationFeed<String>.maximum) then return -1 end
    for i = 1, #ARGV do redis.call('ZADD', KEYS[1], 'NX', now, ARGV[i]) end
    redis.call('PEXPIRE', KEYS[1], 2592000000)
    return redis.call('ZCARD', KEYS[1])
    """)

  /// Sets a key to ARGV[2] where it has ARGV[1] (empty: where there is none), for ARGV[3] milliseconds. Returns 1, or
  /// what the key has.
  static let exchange = RedisScript(
    """
    local found = redis.call('GET', KEYS[1]) or ''
    if found ~= ARGV[1] then return found end
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1
    """)
}
