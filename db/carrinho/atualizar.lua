-- Sets the quantity of a line that is there. ARGV: life in ms, product, quantity, stock.
-- Returns {'ok', atualizado_em, quantity, lines}, or {'sessao'}, {'item'}, {'estoque'}.
local campo = 'i:' .. ARGV[2]
if redis.call('EXISTS', KEYS[1]) == 0 then
	return {'sessao'}
end
local linha = redis.call('HGET', KEYS[1], campo)
if not linha then
	return {'item'}
elseif tonumber(ARGV[3]) > tonumber(ARGV[4]) then
	return {'estoque'}
end

local linhas = 0
local tudo = redis.call('HGETALL', KEYS[1])
for i = 1, #tudo, 2 do
	if tudo[i]:sub(1, 2) == 'i:' then
		linhas = linhas + 1
	end
end

local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
redis.call('HSET', KEYS[1], campo, ARGV[3] .. linha:match(' %d+$'), 'atualizado_em', agora)
redis.call('HINCRBY', KEYS[1], 'versao', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', agora, tonumber(ARGV[3]), linhas}
