import RedisClient

/// What Redis does in one step with one conversation's record, a hash of `owner`, `incarnation`, `epoch`, `agent` and
/// `turns`, and where something is kept for the next owner `kept` and the epoch that it is of, `kept_epoch`: an owner
/// of a release that knows neither leaves them behind, and then they are old. Of a conversation without an owner it has
/// `over`, where it had one (the epoch with which that one has ended it), or `early`, where the caller has hung up and
/// nobody has heard of it yet. Fields are only added. Each script names one key.
///
/// The epoch only grows, also where a conversation is over and its id begins again: an owner that has slept meanwhile
/// has a lower one than whoever came later.
enum OwnershipScripts {
  /// Milliseconds for which a hang-up waits for the RPC that it came before.
  static let earlyLife = 10_000

  /// Arguments: owner, incarnation, agent, life in milliseconds, epoch to take over or nothing, 1 where it only looks,
  /// 1 where the caller has hung up, 1 where it may begin what is not known. Returns 1 (own), 0 (another's), 2
  /// (nobody's) or 3 (not known), then owner, incarnation, epoch, agent, turns; of an own one 1 where the caller has
  /// hung up a moment before, what the owner before has kept, and 1 where the conversation of this id is over and
  /// another begins.
  static let claim = RedisScript(
    """
    local r = redis.call('HMGET', KEYS[1], 'owner', 'incarnation', 'epoch', 'agent', 'turns', 'over', 'early',
      'kept', 'kept_epoch')
    local kept = ''
    if r[8] and r[9] == r[3] then kept = r[8] end
    if r[1] then
      if r[1] == ARGV[1] and r[2] == ARGV[2] then
        return {1, r[1], r[2], r[3], r[4] or '', r[5] or '0', '0', kept}
      end
      if r[3] ~= ARGV[5] then
        return {0, r[1], r[2], r[3], r[4] or '', r[5] or '0'}
      end
    end
    if ARGV[6] == '1' then
      if ARGV[7] == '1' and not r[1] and not r[3] and not r[6] then
        redis.call('HSET', KEYS[1], 'early', '1')
        redis.call('PEXPIRE', KEYS[1], \(earlyLife))
      end
      return {(r[3] or r[6]) and 2 or 3}
    end
    if ARGV[8] ~= '1' and not r[1] and not r[3] and not r[7] then return {3} end
    local last = math.max(tonumber(r[3]) or 0, tonumber(r[6]) or 0, tonumber(ARGV[5]) or 0)
    local epoch = string.format('%d', last + 1)
    redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'incarnation', ARGV[2], 'epoch', epoch,
      'agent', ARGV[3], 'turns', r[5] or '0')
    redis.call('HDEL', KEYS[1], 'over', 'early')
    if kept ~= '' then redis.call('HSET', KEYS[1], 'kept_epoch', epoch) end
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
    return {1, ARGV[1], ARGV[2], epoch, ARGV[3], r[5] or '0', r[7] or '0', kept, r[6] and '1' or '0'}
    """)

  /// Arguments: owner, incarnation, epoch, agent, turns, life in milliseconds, 1 where it is to have the next epoch, what is
  /// kept or nothing.
  /// Returns the record that is in force, or 2 where an owner of a higher epoch has ended the conversation or handed it
  /// out. One that was never written (epoch 0) gives way to whatever owner there is, and has the next epoch where there
  /// was one.
  static let renew = RedisScript(
    """
    local r = redis.call('HMGET', KEYS[1], 'owner', 'incarnation', 'epoch', 'agent', 'turns', 'over')
    local mine = r[1] == ARGV[1] and r[2] == ARGV[2]
    local last = math.max(tonumber(r[3]) or 0, tonumber(r[6]) or 0)
    if not r[1] and tonumber(ARGV[3]) > 0 and last > tonumber(ARGV[3]) then return {2} end
    if r[1] and not mine and (tonumber(r[3]) or 0) >= tonumber(ARGV[3]) then
      return {0, r[1], r[2], r[3], r[4] or '', r[5] or '0'}
    end
    local known = tonumber(ARGV[3])
    if mine then known = math.max(known, tonumber(r[3]) or 0) elseif known == 0 then known = last + 1 end
    local epoch = string.format('%d', math.max(known, 1) + (tonumber(ARGV[7]) or 0))
    redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'incarnation', ARGV[2], 'epoch', epoch,
      'agent', ARGV[4], 'turns', ARGV[5])
    if ARGV[8] == '' then
      redis.call('HDEL', KEYS[1], 'over', 'kept', 'kept_epoch')
    else
      redis.call('HDEL', KEYS[1], 'over')
      redis.call('HSET', KEYS[1], 'kept', ARGV[8], 'kept_epoch', epoch)
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[6])
    return {1, ARGV[1], ARGV[2], epoch, ARGV[4], ARGV[5]}
    """)

  /// Arguments: owner, incarnation, life in milliseconds.
  static let release = RedisScript(
    """
    local r = redis.call('HMGET', KEYS[1], 'owner', 'incarnation', 'epoch')
    if r[1] == ARGV[1] and r[2] == ARGV[2] then
      redis.call('DEL', KEYS[1])
      redis.call('HSET', KEYS[1], 'over', r[3] or '1')
      return redis.call('PEXPIRE', KEYS[1], ARGV[3])
    end
    return 0
    """)

  /// Arguments: owner, incarnation, turns, life in milliseconds, what is kept or nothing. What is left has the epoch.
  static let handOut = RedisScript(
    """
    local r = redis.call('HMGET', KEYS[1], 'owner', 'incarnation', 'epoch')
    if r[1] == ARGV[1] and r[2] == ARGV[2] then
      redis.call('HDEL', KEYS[1], 'owner', 'incarnation')
      redis.call('HSET', KEYS[1], 'turns', ARGV[3], 'kept', ARGV[5], 'kept_epoch', r[3] or '0')
      return redis.call('PEXPIRE', KEYS[1], ARGV[4])
    end
    return 0
    """)

  /// Arguments: incarnation. Ends the lease of that run, and of no later one.
  static let leave = RedisScript(
    """
    if redis.call('GET', KEYS[1]) == ARGV[1] then
      return redis.call('DEL', KEYS[1])
    end
    return 0
    """)
}
