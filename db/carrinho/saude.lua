-- Whether a write is taken: a replica, a full memory, too few replicas or a right that is missing refuse it. Nothing is left behind.
redis.call('HSET', KEYS[1], 'saude', 1)
return redis.call('DEL', KEYS[1])
