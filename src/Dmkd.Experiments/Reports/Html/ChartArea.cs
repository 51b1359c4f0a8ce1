namespace Dmkd.Experiments.Reports.Html;

/// <summary>Where a chart's data are drawn.</summary>
/// <param name="Left">Left edge.</param>
/// <param name="Right">Right edge.</param>
/// <param name="Top">Upper edge.</param>
/// <param name="Bottom">Lower edge.</param>
internal sealed record ChartArea(double Left, double Right, double Top, double Bottom);
