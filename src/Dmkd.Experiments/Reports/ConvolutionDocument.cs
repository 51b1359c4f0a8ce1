using Dmkd.Core.Devices;
using Dmkd.Core.Models;

namespace Dmkd.Experiments.Reports;

/// <summary>How a process convolves, as documents tell it. Field names are stable.</summary>
/// <param name="State"><c>right</c>, <c>rightWithoutOneDnn</c> or <c>wrong</c>.</param>
/// <param name="Mended">Whether the caches that oneDNN assumes were mended.</param>
/// <param name="OneDnn">Whether oneDNN is used.</param>
public sealed record ConvolutionDocument(string State, bool Mended, bool OneDnn)
{
    /// <summary>This process's; null when it made no convolution.</summary>
    public static ConvolutionDocument? OfThisProcess() => Convolution.Found is { } found ? Of(found) : null;

    /// <summary>The document of a report.</summary>
    public static ConvolutionDocument Of(ConvolutionReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        string state = report.State switch
        {
            ConvolutionState.Right => "right",
            ConvolutionState.RightWithoutOneDnn => "rightWithoutOneDnn",
            _ => "wrong",
        };
        return new ConvolutionDocument(state, report.Mend is CacheMendResult.Mended, report.UsesOneDnn);
    }
}
