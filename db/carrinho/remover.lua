#!lua flags=allow-oom
-- Takes a line out of the cart; one that is not there changes nothing. ARGV: life in ms, the version that the cart must have or '',
-- product.
-- Returns {'ok', atualizado_em, 0, lines}, or {'sessao'}, {'versao', the cart's}.
local tudo = redis.call('HGETALL', KEYS[1])
if #tudo == 0 then
	return {'sessao'}
end

local linhas, versao, agora = 0, 0, nil
for i = 1, #tudo, 2 do
	if tudo[i]:sub(1, 2) == 'i:' then
		linhas = linhas + 1
	elseif tudo[i] == 'versao' then
		versao = tonumber(tudo[i + 1])
	elseif tudo[i] == 'atualizado_em' then
		agora = tudo[i + 1]
	end
end
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= versao then
	return {'versao', versao}
end

if redis.call('HDEL', KEYS[1], 'i:' .. ARGV[3]) == 1 then
	linhas = linhas - 1
	agora = redis.call('TIME')
	agora = agora[1] .. string.format('%06d', agora[2])
	redis.call('HSET', KEYS[1], 'atualizado_em', agora, 'versao', versao + 1)
	redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {'ok', agora, 0, linhas}
