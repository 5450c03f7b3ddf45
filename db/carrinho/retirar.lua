#!lua flags=allow-oom
-- Takes what an order bought out of the cart, once, and no more than that. ARGV: life in ms, order, the version of the cart that
-- it was made of, its lines as "product:quantity product:quantity".
-- Returns {'ok', atualizado_em, 0, 0, the version that this left, or of an order before the last one a later version}, or {'sessao'}.
--
-- The member `retirada` remembers all orders that were taken out: it is the version that the last of them was made of, then the
-- version that this left. Orders of a session are taken out in the order of the versions that they were made of, because
-- pedido_abrir() (db/pedidos) begins none while the goods of an earlier one may be in the cart, and none of a version older than what
-- the last one left. So an order of an older version than `retirada` has been here, however much later it comes again: a cancelled
-- one does, after months.
-- Carts of an older release have a member `p:<order>` for each order instead, with the version that it left, until their next order.
local versao, atualizado, retirada, marca = unpack(redis.call('HMGET', KEYS[1], 'versao', 'atualizado_em', 'retirada',
	'p:' .. ARGV[2]))
if not versao then
	return {'sessao'}
end
local pedida, depois = (retirada or '0 0'):match('^(%d+) (%d+)$')
if marca or tonumber(ARGV[3]) == tonumber(pedida) then
	return {'ok', atualizado, 0, 0, tonumber(marca or depois)}
elseif tonumber(ARGV[3]) < tonumber(pedida) then
	return {'ok', atualizado, 0, 0, tonumber(versao)}
end

for produto, quantidade in ARGV[4]:gmatch('(%d+):(%d+)') do
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
if not retirada then
	local tudo = redis.call('HGETALL', KEYS[1])
	for i = 1, #tudo, 2 do
		if tudo[i]:sub(1, 2) == 'p:' then
			redis.call('HDEL', KEYS[1], tudo[i])
		end
	end
end

local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
versao = redis.call('HINCRBY', KEYS[1], 'versao', 1)
redis.call('HSET', KEYS[1], 'retirada', ARGV[3] .. ' ' .. versao, 'atualizado_em', agora)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', agora, 0, 0, versao}
