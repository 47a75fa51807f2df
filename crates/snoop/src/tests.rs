mod capture;
mod keys;
