// A call of the API with the token in use, and what went wrong in words for a shopkeeper.
import {request} from '../comum/api.js';
import {explain} from '../comum/erros.js';
import {current, refuse} from './credencial.js';

const WORDS = {
    nao_autenticado: 'O token não é mais aceito. Entre de novo.',
    nao_autorizado: 'O seu token não dá direito a isto. Peça a quem administra a loja.',
    produto_nao_encontrado: 'Este produto não existe.',
    categoria_nao_encontrada: 'Esta categoria não existe mais.',
    pedido_nao_encontrado: 'Este pedido não existe.',
    somente_leitura: 'O servidor principal não responde: dá para consultar, mas não para mudar. Nada foi alterado.',
    servico_indisponivel: 'Uma parte do sistema está fora do ar. Nada foi alterado; tente de novo daqui a pouco.',
    manutencao: 'A loja está em manutenção. Nada foi alterado; tente de novo daqui a pouco.',
    resultado_desconhecido: 'A resposta se perdeu, e não se sabe se a mudança foi feita. Confira antes de repetir.',
    servico_fora: 'O serviço não respondeu, e não se sabe se a mudança foi feita. Confira antes de repetir.',
    tempo_esgotado: 'O serviço demorou demais, e não se sabe se a mudança foi feita. Confira antes de repetir.',
    rota_nao_encontrada: 'Esta instalação da loja ainda não oferece isto.',
    muitas_requisicoes: 'Foram muitas consultas em pouco tempo. Espere um pouco e tente de novo.',
};

const LOST = 'A loja não respondeu. Confira a conexão e tente de novo.';

export function wordsFor(error) {
    if (error?.kind === 'network' || error?.kind === 'timeout')
        return LOST;
    return WORDS[error?.codigo] ?? explain(error).texto;
}

// As request() of comum/api.js. A token that is not accepted any more locks the page (credencial.js).
export async function call(path, options = {}) {
    try {
        return await request(path, {...options, token: current()});
    } catch (error) {
        if (error.status === 401)
            refuse();
        throw error;
    }
}
