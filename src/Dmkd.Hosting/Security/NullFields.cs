using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Finds what a message leaves out although its type says that it is never null: the wire carries null wherever there
/// is a reference, whatever the sender's compiler knew.
/// </summary>
internal static class NullFields
{
    private static readonly ConcurrentDictionary<MethodInfo, Field[]> OfMethods = new();
    private static readonly ConcurrentDictionary<Type, Field[]> OfTypes = new();

    /// <summary>
    /// The first argument, or field in one, that is missing, as <c>request.Input.Name</c>; null for none.
    /// </summary>
    /// <param name="method">The method called.</param>
    /// <param name="argument">Its arguments.</param>
    public static string? FirstOf(MethodInfo method, Func<int, object?> argument)
    {
        var parameters = OfMethods.GetOrAdd(method, ParametersOf);
        for (int i = 0; i < parameters.Length; i++)
            if (FirstIn(parameters[i].Name, argument(i), parameters[i].IsNullable) is { } missing)
                return missing;
        return null;
    }

    /// <summary>The same of one message.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="message">The message.</param>
    public static string? FirstIn(string name, object? message) => FirstIn(name, message, isNullable: false);

    private static string? FirstIn(string name, object? value, bool isNullable)
    {
        if (value is null)
            return isNullable ? null : name;
        var type = value.GetType();
        if (value is IEnumerable list and not string)
            return IsPlain(type) ? null : FirstOfList(name, list);
        foreach (var field in OfTypes.GetOrAdd(type, FieldsOf))
            if (FirstIn($"{name}.{field.Name}", field.Read(value), field.IsNullable) is { } missing)
                return missing;
        return null;
    }

    private static string? FirstOfList(string name, IEnumerable list)
    {
        int place = 0;
        foreach (object? item in list)
            if (FirstIn($"{name}[{place++}]", item, isNullable: false) is { } missing)
                return missing;
        return null;
    }

    /// <summary>Arrays of numbers, which may be long, and of what may be missing by its type.</summary>
    private static bool IsPlain(Type type) =>
        type.GetElementType() is { } element
        && (element.IsPrimitive || Nullable.GetUnderlyingType(element) is not null);

    private static Field[] ParametersOf(MethodInfo method)
    {
        if (!IsKnown(method.DeclaringType!))
            return [];
        var context = new NullabilityInfoContext();
        return
        [
            .. method
                .GetParameters()
                .Select(parameter => new Field(
                    parameter.Name!,
                    parameter.ParameterType.IsValueType || IsNullable(context.Create(parameter)),
                    value => value
                )),
        ];
    }

    private static Field[] FieldsOf(Type type)
    {
        if (!IsKnown(type))
            return [];
        var context = new NullabilityInfoContext();
        return
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => !property.PropertyType.IsValueType && property.IsDefined(typeof(IdAttribute)))
                .Select(property => new Field(property.Name, IsNullable(context.Create(property)), property.GetValue)),
        ];
    }

    /// <summary>What others declare, they check.</summary>
    private static bool IsKnown(Type type) => type.Namespace?.StartsWith("Dmkd.", StringComparison.Ordinal) == true;

    private static bool IsNullable(NullabilityInfo info) => info.ReadState is not NullabilityState.NotNull;

    private sealed record Field(string Name, bool IsNullable, Func<object?, object?> Read);
}
