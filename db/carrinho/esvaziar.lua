#!lua flags=allow-oom
-- Takes every line out of the cart; the session lives on, and remembers which orders were taken out of it. An empty cart is left as
-- it is. ARGV: life in ms, the version that the cart must have or ''.
-- Returns {'ok', atualizado_em, 0, 0}, or {'sessao'}, {'versao', the cart's}.
local tudo = redis.call('HGETALL', KEYS[1])
if #tudo == 0 then
	return {'sessao'}
end

local campos, versao, agora = {}, 0, nil
for i = 1, #tudo, 2 do
	if tudo[i]:sub(1, 2) == 'i:' then
		table.insert(campos, tudo[i])
	elseif tudo[i] == 'versao' then
		versao = tonumber(tudo[i + 1])
	elseif tudo[i] == 'atualizado_em' then
		agora = tudo[i + 1]
	end
end
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= versao then
	return {'versao', versao}
end

if #campos > 0 then
	agora = redis.call('TIME')
	agora = agora[1] .. string.format('%06d', agora[2])
	redis.call('HDEL', KEYS[1], unpack(campos))
	redis.call('HSET', KEYS[1], 'atualizado_em', agora, 'versao', versao + 1)
	redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {'ok', agora, 0, 0}
