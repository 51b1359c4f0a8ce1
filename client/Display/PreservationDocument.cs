using Dmkd.Contracts.Preservation;

namespace Dmkd.Client.Display;

/// <summary>A preservation as <c>preserve --json</c> prints it. Field names are stable.</summary>
internal static class PreservationDocument
{
    /// <summary>The document of a report; the partition's adjacency, which only a picture needs, stays out.</summary>
    public static object Of(PreservationReport report) => new
    {
        report.Library,
        Legacy = new
        {
            Source = report.Request.SourceName,
            Digest = report.Request.LegacyDigest,
            report.Request.Settings.Architecture,
            Accuracy = report.LegacyAccuracy,
            Parameters = report.LegacyParameters,
            MultiplyAdds = report.LegacyMultiplyAdds,
            report.SurrogateAccuracy,
        },
        report.Request.Settings,
        report.ClassNames,
        report.Modules,
        report.Routed,
        report.Partition.ImportanceByClass,
        report.TestImages,
        report.DeviceSeconds,
        report.WallSeconds,
    };
}
