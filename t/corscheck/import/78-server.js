#: seen https://enable-cors.org/server_expressjs.html
#
#: ids stays
#: allow https://any.example PUT x-requested-with
app.use(function (req, res, next) {
  res.header("Access-Control-Allow-Origin", "*");
  res.setHeader('Access-Control-Allow-Headers', 'X-Requested-With');
  res.set({ 'Access-Control-Allow-Methods': 'GET, PUT' });
  next();
});
