mod capture;
mod keys;
mod timeline;
