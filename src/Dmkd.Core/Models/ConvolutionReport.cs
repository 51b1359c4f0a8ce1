using Dmkd.Core.Devices;

namespace Dmkd.Core.Models;

/// <summary>Whether this process's convolutions can be trusted.</summary>
public enum ConvolutionState
{
    /// <summary>Right.</summary>
    Right,

    /// <summary>Wrong with oneDNN, which is off since then; right and slower without.</summary>
    RightWithoutOneDnn,

    /// <summary>Wrong either way: nothing may be trained or predicted.</summary>
    Wrong,
}

/// <summary>What <see cref="ConvolutionGuard"/> found, once per process.</summary>
/// <param name="State">Whether they can be trusted.</param>
/// <param name="Mend">What became of the caches that oneDNN assumes.</param>
/// <param name="Problem">The first wrong convolution, as words; null when all were right at once.</param>
/// <param name="Time">Time that looking took.</param>
public sealed record ConvolutionReport(ConvolutionState State, CacheMendResult Mend, string? Problem, TimeSpan Time)
{
    /// <summary>Whether convolutions use oneDNN.</summary>
    public bool UsesOneDnn => State is ConvolutionState.Right;

    /// <summary>All of it as one line.</summary>
    public string Describe()
    {
        string mended =
            Mend is CacheMendResult.Mended ? ", after oneDNN's record of this processor's caches was mended" : "";
        return State switch
        {
            ConvolutionState.Right => $"right{mended}",
            ConvolutionState.RightWithoutOneDnn => $"right without oneDNN, which is off: with it {Problem}{mended}",
            _ => $"wrong{mended}: {Problem}",
        };
    }
}

/// <summary>
/// Convolutions are wrong on this machine, so nothing is trained or predicted. The message is one line for a person.
/// </summary>
public sealed class ConvolutionException(ConvolutionReport report)
    : Exception(
        $"Nothing is trained or predicted: this machine's convolutions are {report.Describe()}. `dmkd doctor` tells more."
    );
