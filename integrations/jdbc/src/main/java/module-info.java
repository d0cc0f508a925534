/** Desist for databases: statements that end when a token is cancelled. */
module dev.desist.jdbc {
  requires static org.jspecify;
  requires transitive dev.desist;
  requires transitive java.sql;

  exports dev.desist.jdbc;
}
