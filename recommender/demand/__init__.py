"""Demand: what each product will sell in the next four weeks, with its range."""

from recommender.demand.forecasting import Forecast, forecast
from recommender.demand.quality import Quality, backtest, judge
from recommender.demand.sales import HORIZON, Sales

__all__ = ["HORIZON", "Forecast", "Quality", "Sales", "backtest", "forecast", "judge"]
