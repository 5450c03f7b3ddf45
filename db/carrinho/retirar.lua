-- Takes what an order bought out of the cart, once, and no more than that. ARGV: life in ms, order, its lines as
-- "product:quantity product:quantity". The mark of the order keeps the version that the cart had then.
-- Returns {'ok', atualizado_em, 0, 0, that version}, or {'sessao'}.
local marca = 'p:' .. ARGV[2]
if redis.call('EXISTS', KEYS[1]) == 0 then
	return {'sessao'}
end
local antes = redis.call('HGET', KEYS[1], marca)
if antes then
	return {'ok', redis.call('HGET', KEYS[1], 'atualizado_em'), 0, 0, tonumber(antes)}
end

for produto, quantidade in ARGV[3]:gmatch('(%d+):(%d+)') do
	local campo = 'i:' .. produto
	local linha = redis.call('HGET', KEYS[1], campo)
	if linha then
		local havia, desde = linha:match('^(%d+) (%d+)$')
		local resta = tonumber(havia) - tonumber(quantidade)
		if resta > 0 then
			redis.call('HSET', KEYS[1], campo, string.format('%d %s', resta, desde))
		else
			redis.call('HDEL', KEYS[1], campo)
		end
	end
end

local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
local versao = redis.call('HINCRBY', KEYS[1], 'versao', 1)
redis.call('HSET', KEYS[1], marca, versao, 'atualizado_em', agora)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', agora, 0, 0, versao}
