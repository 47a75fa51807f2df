mod driving;
mod listing;
