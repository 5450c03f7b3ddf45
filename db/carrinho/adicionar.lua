-- Adds to a line of the cart, or begins it. ARGV: life in ms, product, quantity, stock, highest quantity of a line,
-- highest number of lines. Returns {'ok', atualizado_em, quantity, lines}, or {'sessao'}, {'limite'}, {'estoque'}, {'cheio'}.
-- One look at the whole cart: that is half the price of asking for what there is to know one by one.
local tudo = redis.call('HGETALL', KEYS[1])
if #tudo == 0 then
	return {'sessao'}
end

local campo = 'i:' .. ARGV[2]
local linhas, versao, linha = 0, 0, nil
for i = 1, #tudo, 2 do
	local nome = tudo[i]
	if nome:sub(1, 2) == 'i:' then
		linhas = linhas + 1
		linha = nome == campo and tudo[i + 1] or linha
	elseif nome == 'versao' then
		versao = tonumber(tudo[i + 1])
	end
end

local agora = redis.call('TIME')
agora = agora[1] .. string.format('%06d', agora[2])
local antes, desde = '0', agora
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

redis.call('HSET', KEYS[1], campo, string.format('%d %s', quantidade, desde), 'atualizado_em', agora, 'versao', versao + 1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {'ok', agora, quantidade, linhas}
