using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;

namespace Dmkd.Core.Settings;

/// <summary>
/// From an annotated record to its settings: what makes options, reads experiment files, checks values and writes the
/// reference. A property whose type has settings itself is a section. A record or section that implements
/// <see cref="IValidatableObject"/> says what does not go together, with names in braces: <c>{holders} must be at most
/// ...</c>.
/// </summary>
/// <typeparam name="T">The record.</typeparam>
public sealed class SettingsBinder<T>
    where T : class
{
    private readonly PropertyInfo[] _sections;
    private readonly Dictionary<string, Setting> _byName;

    /// <summary>Reads the record's annotations.</summary>
    /// <param name="defaults">A record with every default.</param>
    /// <param name="more">Registries of other assemblies than this that settings name.</param>
    public SettingsBinder(T defaults, params Registry[] more)
    {
        ArgumentNullException.ThrowIfNull(defaults);
        Defaults = defaults;
        _sections =
        [
            .. typeof(T).GetProperties().Where(property => property.PropertyType.GetProperties().Any(IsSetting)),
        ];
        var registries = OfThisAssembly().Concat(more).ToDictionary(registry => registry.Kind);
        var paths = typeof(T).GetProperties().SelectMany(PathsOf);
        Settings = [.. paths.Select(path => new Setting(path, defaults, KnownOf(path[^1], registries)))];
        _byName = Settings.ToDictionary(setting => setting.Name);
    }

    /// <summary>A record with every default.</summary>
    public T Defaults { get; }

    /// <summary>All settings, in the order of the properties.</summary>
    public IReadOnlyList<Setting> Settings { get; }

    /// <summary>A setting.</summary>
    /// <param name="name">Its name, such as <c>merge-every</c>.</param>
    public Setting this[string name] => _byName[name];

    /// <summary>What is wrong with settings: values out of their limits, or else what does not go together.</summary>
    /// <param name="settings">The record.</param>
    /// <param name="prefix">What readers see before a name, such as two dashes.</param>
    /// <returns>Sentences; none when nothing is wrong.</returns>
    public IReadOnlyList<string> ProblemsOf(T settings, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(settings);
        string[] single =
        [
            .. Settings
                .Select(setting => setting.ProblemOf(setting.Get(settings), prefix + setting.Name))
                .OfType<string>(),
        ];
        if (single.Length > 0)
            return single;
        var parts = _sections
            .Select(section => section.GetValue(settings)!)
            .Append(settings)
            .OfType<IValidatableObject>();
        var together = parts.SelectMany(part => part.Validate(new ValidationContext(part)));
        return [.. together.Select(problem => Setting.Shown(problem.ErrorMessage!, prefix))];
    }

    private static IEnumerable<PropertyInfo[]> PathsOf(PropertyInfo property)
    {
        if (IsSetting(property))
            return
            [
                [property],
            ];
        return property.PropertyType.GetProperties().Where(IsSetting).Select(inner => new[] { property, inner });
    }

    private static bool IsSetting(PropertyInfo property) =>
        property.GetCustomAttribute<DescriptionAttribute>() is not null;

    private static Registry? KnownOf(PropertyInfo property, Dictionary<string, Registry> registries)
    {
        string? kind = property.GetCustomAttribute<DataTypeAttribute>()?.CustomDataType;
        return kind is null ? null : registries[kind];
    }

    private static IEnumerable<Registry> OfThisAssembly() =>
        from type in typeof(Registry).Assembly.GetTypes()
        where !type.ContainsGenericParameters
        from property in type.GetProperties(BindingFlags.Static | BindingFlags.Public)
        where property.PropertyType.IsAssignableTo(typeof(Registry))
        select (Registry)property.GetValue(null)!;
}
