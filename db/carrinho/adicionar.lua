-- Adds to a line of the cart, or begins it. ARGV: life in ms, product, quantity, stock, highest quantity of a line,
-- highest number of lines. Returns {'ok', atualizado_em, quantity, lines}, or {'sessao'}, {'limite'}, {'estoque'}, {'cheio'}.
local campo = 'i:' .. ARGV[2]
if redis.call('EXISTS', KEYS[1]) == 0 then
	return {'sessao'}
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
local antes, desde = '0', agora
local linha = redis.call('HGET', KEYS[1], campo)
if linha then
	antes, desde = linha:match('^(%d+) (%d+)$')
else
	linhas = linhas + 1
end

local quantidade = tonumber(antes) + tonumber(ARGV[3])
if quantidade > tonumber(ARGV[5]) then
	return {'limite'}
elseif quantidade > tonumber(ARGV[4]) then
	return {'estoque'}
elseif linhas > tonumber(ARGV[6]) then
	return {'cheio'}
end

redis.call('HSET', KEYS[1], campo, string.format('%d %s', quantidade, desde), 'atualizado_em', agora)
redis.call('HINCRBY', KEYS[1], 'versao', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', agora, quantidade, linhas}
