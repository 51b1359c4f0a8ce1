using System.Reflection;

namespace Dmkd.Grains.Tests.Storage;

/// <summary>What the grain classes persist, found by reflection so that a new one cannot be forgotten.</summary>
internal static class PersistedStates
{
    /// <summary>Every persisted state: the grain class, the attribute and the state's class.</summary>
    public static IReadOnlyList<(Type Grain, PersistentStateAttribute Attribute, Type State)> All { get; } =
    [
        .. from type in typeof(Dmkd.Grains.Libraries.ModuleCatalogGrain).Assembly.GetTypes()
        where type.IsAssignableTo(typeof(Grain))
        from parameter in type.GetConstructors().SelectMany(constructor => constructor.GetParameters())
        let attribute = parameter.GetCustomAttribute<PersistentStateAttribute>()
        where attribute is not null
        select (type, attribute, parameter.ParameterType.GetGenericArguments()[0]),
    ];

    /// <summary>The states' classes, as theory data.</summary>
    public static TheoryData<Type> Classes => [.. All.Select(entry => entry.State)];
}
