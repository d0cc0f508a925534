/**
 * Fails each step of an operation once, and sees what holds afterwards. What is failed, and what
 * must hold, say the catalogues of the packages; how it is failed, the walks here.
 */
package dev.desist.failing;
