using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Dmkd.Silo;

/// <summary>
/// Binds options and says everything that is wrong with their values, in terms of the keys; the platform's binder
/// ends at the first value that it cannot read, and leaves
/// out keys that nobody knows.
/// </summary>
internal static class CheckedBinder
{
    /// <summary>Binds a section. Values that are wrong keep their defaults.</summary>
    /// <param name="section">The section.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static T Bind<T>(IConfigurationSection section, List<string> problems)
        where T : class, new()
    {
        var properties = typeof(T).GetProperties();
        string known = string.Join(", ", properties.Select(property => $"{section.Path}:{property.Name}"));
        var good = new Dictionary<string, string?>();
        foreach (var child in section.GetChildren())
        {
            var property = Array.Find(properties, property => property.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
                problems.Add($"There is no setting {child.Path}; there are: {known}.");
            else if (child.Value is { } text && ProblemOf(property, text) is { } problem)
                problems.Add($"{section.Path}:{property.Name} must be {problem}, not '{text}'.");
            else
                good[child.Key] = child.Value;
        }

        return new ConfigurationBuilder().AddInMemoryCollection(good).Build().Get<T>() ?? new T();
    }

    private static string? ProblemOf(PropertyInfo property, string text)
    {
        var converter = TypeDescriptor.GetConverter(property.PropertyType);
        bool isRead = converter.IsValid(text);
        if (property.PropertyType == typeof(bool)) return isRead ? null : "true or false";
        if (property.GetCustomAttribute<RangeAttribute>() is not { } range) return null;
        if (isRead && range.IsValid(converter.ConvertFromInvariantString(text))) return null;
        return $"a whole number in [{range.Minimum}, {range.Maximum}]";
    }
}
