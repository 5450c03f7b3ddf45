// What comes after the first look: a product's dialog, the cart, the checkout, the orders.
export {Detalhe} from './detalhe.js';
export {Finalizar} from './finalizar.js';
export {Gaveta} from './gaveta.js';
export {Pedido} from './pedido.js';
export {MeusPedidos} from './pedidos.js';
