using Dmkd.Experiments.Running;

namespace Dmkd.Experiments.Plans;

/// <summary>The limits that a setting declares itself.</summary>
/// <param name="Least">Smallest value.</param>
/// <param name="Most">Largest value.</param>
internal readonly record struct SettingRange(double Least, double Most)
{
    /// <summary>Limits of a setting of <c>run</c>.</summary>
    /// <param name="name">Its name, such as <c>batch-size</c>.</param>
    public static SettingRange Of(string name) => new(DmkdParameters.Binder[name].Minimum, DmkdParameters.Binder[name].Maximum);
}
