using System.Collections;
using System.Globalization;
using System.Reflection;
using Dmkd.Contracts.Settings;

namespace Dmkd.Grains.Tests.Storage;

/// <summary>Fills and describes object graphs by reflection, independently of any serializer.</summary>
internal static class Structure
{
    /// <summary>
    /// An instance whose every settable property has a value of its own; doubles are infinite, enums have their last
    /// value.
    /// </summary>
    public static object Fill(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return "text";
        if (type == typeof(byte))
            return (byte)201;
        if (type == typeof(int))
            return 7;
        if (type == typeof(long))
            return 1L << 40;
        if (type == typeof(double))
            return double.PositiveInfinity;
        if (type == typeof(bool))
            return true;
        if (type == typeof(DateTimeOffset))
            return Examples.Now.AddTicks(1);
        if (type == typeof(TimeSpan))
            return TimeSpan.FromTicks(12_345_678_901);
        if (type.IsEnum)
            return Enum.GetValues(type).Cast<object>().Last();
        if (type.IsArray)
        {
            var array = Array.CreateInstance(type.GetElementType()!, 2);
            for (int i = 0; i < 2; i++)
                array.SetValue(Fill(type.GetElementType()!), i);
            return array;
        }

        object instance = Construct(type);
        if (instance is IDictionary dictionary)
            dictionary.Add(
                type.GetGenericArguments()[0] == typeof(string) ? "key" : Fill(type.GetGenericArguments()[0]),
                Fill(type.GetGenericArguments()[1])
            );
        else if (instance is IList list)
            foreach (var kind in KindsOf(type.GetGenericArguments()[0]))
                list.Add(Fill(kind));
        else
            foreach (var property in Properties(type).Where(property => property.CanWrite))
                property.SetValue(instance, Fill(property.PropertyType));
        return instance;
    }

    /// <summary>One line per value, with its path.</summary>
    public static IEnumerable<string> Describe(object? value, string path = "")
    {
        if (value is null or string or IFormattable or bool)
            return [$"{path}={Convert.ToString(value, CultureInfo.InvariantCulture) ?? "null"}"];
        if (value is IDictionary map)
            return map
                .Keys.Cast<object>()
                .SelectMany(key => Describe(map[key], $"{path}[{key}]"))
                .Prepend($"{path}:{map.Count}");
        if (value is IEnumerable items)
            return items
                .Cast<object>()
                .SelectMany((item, index) => Describe(item, $"{path}[{index}]"))
                .Prepend($"{path}:items");
        return Properties(value.GetType())
            .SelectMany(property => Describe(property.GetValue(value), $"{path}.{property.Name}"));
    }

    /// <summary>All types reachable through properties and elements.</summary>
    public static IReadOnlySet<Type> TypesWithin(Type type)
    {
        var seen = new HashSet<Type>();
        Visit(type);
        return seen;

        void Visit(Type next)
        {
            next = Nullable.GetUnderlyingType(next) ?? next;
            if (!seen.Add(next))
                return;
            if (next.HasElementType)
                Visit(next.GetElementType()!);
            foreach (var argument in next.GetGenericArguments())
                Visit(argument);
            if (next.IsAbstract)
                foreach (var kind in KindsOf(next))
                    Visit(kind);
            if (next.Namespace!.StartsWith("Dmkd", StringComparison.Ordinal) && !next.IsEnum)
                foreach (var property in Properties(next))
                    Visit(property.PropertyType);
        }
    }

    /// <summary>The type itself; of an abstract one of ours all that are derived from it.</summary>
    private static IEnumerable<Type> KindsOf(Type type) =>
        type.IsAbstract && type.Namespace!.StartsWith("Dmkd", StringComparison.Ordinal)
            ? type.Assembly.GetTypes().Where(kind => kind.IsSubclassOf(type))
            : [type];

    private static object Construct(Type type)
    {
        if (type == typeof(LayerWidths))
            return LayerWidths.Of([3, 5]);
        var constructor = type.GetConstructors().OrderBy(candidate => candidate.GetParameters().Length).First();
        return constructor.Invoke([.. constructor.GetParameters().Select(parameter => Fill(parameter.ParameterType))]);
    }

    private static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.GetIndexParameters().Length == 0);
}
