-- Takes every line out of the cart; the session lives on, and remembers which orders were taken out of it.
-- ARGV: life in ms. Returns {'ok', atualizado_em, 0, 0}, or {'sessao'}.
local tudo = redis.call('HGETALL', KEYS[1])
if #tudo == 0 then
	return {'sessao'}
end
for i = 1, #tudo, 2 do
	if tudo[i]:sub(1, 2) == 'i:' then
		redis.call('HDEL', KEYS[1], tudo[i])
	end
end

local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
redis.call('HSET', KEYS[1], 'atualizado_em', agora)
redis.call('HINCRBY', KEYS[1], 'versao', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', agora, 0, 0}
