using System.Globalization;

namespace Dmkd.Client.Tests.Running;

/// <summary>
/// How long tests wait before they give up: bounds for a quiet machine, times DMKD_TEST_PATIENCE on a busy one.
/// </summary>
internal static class Patience
{
    private static readonly double Factor = double.TryParse(
        Environment.GetEnvironmentVariable("DMKD_TEST_PATIENCE"),
        CultureInfo.InvariantCulture,
        out double factor
    )
        ? factor
        : 1;

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds * Factor);
}
