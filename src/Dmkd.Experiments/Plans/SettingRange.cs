using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Dmkd.Contracts.Runs;

namespace Dmkd.Experiments.Plans;

/// <summary>The limits that a setting declares itself.</summary>
/// <param name="Least">Smallest value.</param>
/// <param name="Most">Largest value.</param>
internal readonly record struct SettingRange(double Least, double Most)
{
    /// <summary>Limits of a property of <see cref="RunSettings"/>.</summary>
    public static SettingRange Of(string property)
    {
        var range = typeof(RunSettings).GetProperty(property)!.GetCustomAttribute<RangeAttribute>()!;
        return new SettingRange(Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture), Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture));
    }
}
