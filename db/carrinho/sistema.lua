-- Whether a write is taken, as saude.lua; then what Redis holds: bytes, and keys of all kinds. -1: it does not say. MEMORY STATS is no
-- command that reads or changes keys; INFO, which says the same, tells of the whole server.
redis.call('HSET', KEYS[1], 'sistema', 1)
redis.call('DEL', KEYS[1])
local estado, tem = redis.pcall('MEMORY', 'STATS'), {}
for i = 1, estado.err and 0 or #estado - 1, 2 do
	tem[estado[i]] = estado[i + 1]
end
return {tem['total.allocated'] or -1, tem['keys.count'] or -1}
