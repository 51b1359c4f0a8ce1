namespace Dmkd.Core.Merging.Admission;

/// <summary>The checks of <see cref="AdmissionRules"/>.</summary>
public enum AdmissionCheck
{
    /// <summary>The claimed number of training samples is at least 1.</summary>
    FewestSamples,

    /// <summary>It is not above the limit.</summary>
    MostSamples,

    /// <summary>The norm of the trained weights' update is not above the limit.</summary>
    Norm,

    /// <summary>The norm of the running statistics' update is not above the limit.</summary>
    StatisticsNorm,
}
