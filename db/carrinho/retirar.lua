-- Takes what an order bought out of the cart, once, and no more than that. ARGV: life in ms, order, its lines as
-- "product:quantity product:quantity". Returns {'ok'}, or {'sessao'}.
local marca = 'p:' .. ARGV[2]
if redis.call('EXISTS', KEYS[1]) == 0 then
	return {'sessao'}
elseif redis.call('HEXISTS', KEYS[1], marca) == 1 then
	return {'ok'}
end

for produto, quantidade in ARGV[3]:gmatch('(%d+):(%d+)') do
	local campo = 'i:' .. produto
	local linha = redis.call('HGET', KEYS[1], campo)
	if linha then
		local antes, desde = linha:match('^(%d+) (%d+)$')
		local resta = tonumber(antes) - tonumber(quantidade)
		if resta > 0 then
			redis.call('HSET', KEYS[1], campo, string.format('%d %s', resta, desde))
		else
			redis.call('HDEL', KEYS[1], campo)
		end
	end
end

local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
redis.call('HSET', KEYS[1], marca, 1, 'atualizado_em', agora)
redis.call('HINCRBY', KEYS[1], 'versao', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok'}
