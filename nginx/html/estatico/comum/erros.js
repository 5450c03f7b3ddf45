// What went wrong, in one plain sentence, and what the reader can do about it.
const BY_CODE = {
    produto_nao_encontrado: 'Este produto não está mais à venda.',
    categoria_nao_encontrada: 'Esta categoria não existe mais.',
    sessao_nao_encontrada: 'Seu carrinho expirou.',
    item_nao_encontrado: 'Este item não está mais no carrinho.',
    pedido_nao_encontrado: 'Não encontramos este pedido. Confira se o endereço está completo.',
    item_indisponivel: 'Um dos produtos saiu de venda. Retire-o do carrinho para continuar.',
    carrinho_vazio: 'Seu carrinho está vazio.',
    carrinho_cheio: 'O carrinho já tem 100 produtos diferentes, e mais não cabe.',
    valor_mudou: 'Um preço mudou enquanto você comprava. Confira o novo total.',
    transicao_invalida: 'O pedido já andou, e isso não é mais possível.',
    versao_diferente: 'Isto mudou enquanto você olhava. Veja como está agora e tente de novo.',
    muitas_requisicoes: 'Foram muitos cliques em pouco tempo.',
    somente_leitura: 'Estamos sem receber mudanças por alguns instantes. Tente de novo daqui a pouco.',
    servico_indisponivel: 'Uma parte da loja não respondeu, e nada foi mudado. Tente de novo daqui a pouco.',
    sobrecarga: 'Há muita gente na loja agora. Tente de novo daqui a pouco.',
    manutencao: 'A loja está em manutenção e volta em breve. Nada foi mudado.',
    sem_espaco: 'A loja está cheia agora e não guarda mais itens. O que já está no carrinho continua lá e pode ser pedido.',
    resultado_desconhecido: 'A resposta se perdeu no caminho, e não sabemos se deu certo.',
    servico_fora: 'A loja não respondeu, e não sabemos se deu certo.',
    tempo_esgotado: 'A loja demorou demais para responder, e não sabemos se deu certo.',
    nao_autenticado: 'É preciso entrar de novo.',
    nao_autorizado: 'Seu acesso não permite isto.',
};

const BY_KIND = {
    network: 'Parece que você está sem conexão.',
    timeout: 'A resposta está demorando demais. A conexão pode estar fraca.',
    malformed: 'A loja respondeu algo que não entendemos.',
};

// What the API says for people is said as it is where it knows more: how many are left, which fields are wrong.
const SAID_BY_API = new Set(['estoque_insuficiente', 'nome_em_uso', 'categoria_em_uso', 'tipo_nao_suportado', 'corpo_grande']);

function capital(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

function sentence(error) {
    if (error.kind !== 'problem')
        return BY_KIND[error.kind] ?? 'Algo deu errado por aqui.';
    if (SAID_BY_API.has(error.codigo))
        return `${error.problem.detail.replace(/\.$/, '')}.`;
    if (error.codigo === 'muitas_requisicoes' && error.retryAfter)
        return `${BY_CODE.muitas_requisicoes} Espere ${countSeconds(error.retryAfter)} e tente de novo.`;
    if (error.codigo === 'campos_invalidos' && error.detalhes.length)
        return `Confira: ${error.detalhes.map(({campo, erro}) => (campo ? `${campo} ${erro}` : erro)).join('; ')}.`;
    return BY_CODE[error.codigo] ?? capital(error.problem.detail ?? 'Algo deu errado por aqui.');
}

export function countSeconds(count) {
    return count === 1 ? '1 segundo' : `${count} segundos`;
}

/*
 * {texto, repetir, espera}: the sentence, whether the same action may succeed when it is done again, and after how many seconds.
 * An error that is no ApiError is one of the page: it is shown on the console too.
 */
export function explain(error) {
    if (error?.name !== 'ApiError') {
        console.error(error);
        return {texto: 'Algo deu errado nesta página. Recarregue e tente de novo.', repetir: false, espera: 0};
    }
    return {texto: sentence(error), repetir: error.passing, espera: error.retryAfter ?? 0};
}

// Field by field: {"cliente.nome": "deve ter de 1 a 120 caracteres"}.
export function byField(error) {
    return Object.fromEntries((error.detalhes ?? []).map(({campo, erro}) => [campo, capital(erro)]));
}
