// What the scenario cannot say in YAML: which user and product, and what a right answer is.
const USERS = 200;
const PRODUCTS = 1000;

function chooseUser(context, _events, done) {
  context.vars.email = `user${1 + Math.floor(Math.random() * USERS)}@example.com`;
  done();
}

function chooseProduct(_request, context, _events, done) {
  // The first ones are asked for more often, as in any shop.
  context.vars.productId = 1 + Math.floor(PRODUCTS * Math.random() ** 2);
  done();
}

function count(events, isWrong) {
  events.emit('counter', 'shop.wrong_answers', isWrong ? 1 : 0);
}

function expect200(_request, response, _context, events, done) {
  count(events, response.statusCode !== 200);
  done();
}

function expectMySession(_request, response, context, events, done) {
  let email;
  try {
    email = JSON.parse(response.body).user?.email;
  } catch {
    email = undefined;
  }
  count(events, response.statusCode !== 200 || email !== context.vars.email);
  done();
}

module.exports = { chooseUser, chooseProduct, expect200, expectMySession };
