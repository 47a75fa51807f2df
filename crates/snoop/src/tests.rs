mod capture;
mod keys;
mod script;
mod timeline;
